"""The words of remedies and of the try: lines: docker and compose spellings, edits of a request, values."""
