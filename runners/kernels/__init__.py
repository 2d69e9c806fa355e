"""Kernel images: found, fetched, built, and what is known of their configuration."""
