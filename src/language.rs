//! What language a text is in, and how it was spoilt on its way.

pub mod mojibake;
