"""Sets on disk: crop, save, metadata, receipts, the library, deliverables."""
