"""What is right and what is wrong of what a watch holds likely, and the thresholds that follow from it."""
