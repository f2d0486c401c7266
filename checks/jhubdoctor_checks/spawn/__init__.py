"""Starting users' servers, and keeping them."""
