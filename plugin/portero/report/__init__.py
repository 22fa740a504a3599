"""What a decision log tells: lines read as what nobody vouches for, counted in constant memory, shown as one page."""
