"""Facts to text, for the screen and for plain mode. Neither torch nor textual."""
