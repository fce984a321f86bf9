"""`askcam front`: one address before several ordinary servers. No model, no camera, no torch, no OpenCV."""
