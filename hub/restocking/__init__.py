"""What librarians and couriers decide and do about restocks, kept in the database; the thinking is hub.restock's."""
