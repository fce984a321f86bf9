"""What happened before each camera: short notes, merged to minutes, hours and days, and found again by their words."""
