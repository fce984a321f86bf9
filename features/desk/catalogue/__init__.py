"""What is sold here: products with prices, found by barcode or by words; made from tables that people keep."""
