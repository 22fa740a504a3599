"""What Portero reads of a request, compared with what a real dockerd makes of the same bytes."""
