//! Sizes and limits of what was made.
