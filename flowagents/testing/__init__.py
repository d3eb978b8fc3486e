"""What tests need: scripted performers and the pytest plug-in. No run in production uses them."""
