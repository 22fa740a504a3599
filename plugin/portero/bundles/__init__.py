"""Policy bundles: a signed policy folder as one file, brought to hosts by any registry or any HTTPS server."""
