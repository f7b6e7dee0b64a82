"""What the patron reads: a view of the station's state, said in every language of the site. Pure."""
