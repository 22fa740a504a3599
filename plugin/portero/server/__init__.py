"""dockerd's side: the socket, the HTTP application, and the processes that answer."""
