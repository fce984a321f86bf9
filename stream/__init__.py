"""What a camera is: sources, the capture thread, and the rolling window of its last seconds."""
