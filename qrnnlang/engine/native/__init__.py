"""The native CPU kernel: a plan as a program that one C++ executor runs, forwards and backwards."""
