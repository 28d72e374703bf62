//! Chance without long waits: every kind comes up in a run, however short.

use fastrand::Rng;

/// Cards dealt at random, all of them before any comes again: even small runs hold everything.
pub(super) struct Deck {
    cards: Vec<usize>,
    left: Vec<usize>,
}

impl Deck {
    /// A deck that holds each card as often as its share says.
    pub fn new(shares: impl IntoIterator<Item = usize>) -> Self {
        let cards = shares.into_iter().enumerate();
        Self {
            cards: cards.flat_map(|(card, n)| vec![card; n]).collect(),
            left: Vec::new(),
        }
    }

    /// The next card; 0 from a deck without cards.
    pub fn deal(&mut self, rng: &mut Rng) -> usize {
        if self.left.is_empty() {
            self.left.clone_from(&self.cards);
            rng.shuffle(&mut self.left);
        }
        self.left.pop().unwrap_or(0)
    }
}
