"""What the commands say to people, in English and in Chinese."""
