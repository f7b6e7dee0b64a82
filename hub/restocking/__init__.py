"""What librarians and couriers decide and do about restocks, kept in the database; the deciding itself is hub.restock's."""
