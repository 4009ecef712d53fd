"""What connections use of the limits that Infor sets."""
