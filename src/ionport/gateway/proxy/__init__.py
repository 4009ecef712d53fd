"""What the gateway does with a request: find its back end, check its token, pass it on."""
