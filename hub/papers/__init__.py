"""What is printed for a run, as PDF: the pick list and the labels of its totes. Nothing is read but a font file."""
