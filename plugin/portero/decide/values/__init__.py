"""Plain values and their spellings: JSON, sizes, times, IP ranges, image names, parts of a denial.

Imports nothing of Portero but its refusal codes.
Imports: nothing of Portero.
"""
