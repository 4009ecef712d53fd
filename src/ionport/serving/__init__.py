"""How ionport is served over HTTP: the server, its protocol, the Infor side's apps."""
