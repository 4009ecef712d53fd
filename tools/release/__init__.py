"""What a release is made of: NOTICE, the list of its parts (SBOM), wheel and sdist."""
