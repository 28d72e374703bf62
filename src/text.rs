//! The three forms of a text, made once each.
//!
//! * **raw**: as received. Language is found on it; it is never stored.
//! * **clean** ([`clean`]): what is stored. Nothing that a reader would miss is lost.
//! * **match** ([`MatchForm`]): what lexicons and models see. Spellings of one word coincide
//!   (`می‌شود`, `می شود`, `میشود`; `Größe`, `GRÖSSE`; `價格`, `价格`), and every byte knows the
//!   clean byte it came from, so that evidence is told in offsets of the stored text.
//!
//! Language is found before any folding: `ي` or `ی`, `ك` or `ک` are its best evidence.

mod affixes;
mod clauses;
mod clean;
mod fold;
mod hash;
mod matching;

pub use clauses::clauses;
pub use clean::clean;
pub use fold::{digit, is_arabic, is_unspaced, simplified};
pub use hash::match_hash;
pub use matching::MatchForm;
