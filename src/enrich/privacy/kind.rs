//! Kinds of personal data, and how many pieces of each were found.

/// What a piece of personal data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// E-mail address, also spelled (`jo at example dot com`).
    Email,
    /// Phone number.
    Phone,
    /// Number of a payment card.
    Card,
    /// Number of a bank account.
    Iban,
    /// National identity number.
    Id,
    /// Number of a passport.
    Passport,
    /// IP address.
    Ip,
    /// What lets its reader act as the customer: passwords, tokens, keys.
    Secret,
    /// Postal address.
    Address,
    /// Name of a person.
    Name,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 10] = [
        Kind::Email,
        Kind::Phone,
        Kind::Card,
        Kind::Iban,
        Kind::Id,
        Kind::Passport,
        Kind::Ip,
        Kind::Secret,
        Kind::Address,
        Kind::Name,
    ];

    /// Name as it stands in marks, settings, rows and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Card => "card",
            Kind::Iban => "iban",
            Kind::Id => "id",
            Kind::Passport => "passport",
            Kind::Ip => "ip",
            Kind::Secret => "secret",
            Kind::Address => "address",
            Kind::Name => "name",
        }
    }
}

/// How many pieces of personal data were replaced, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Redactions([u32; Kind::ALL.len()]);

impl Redactions {
    /// Counts one more.
    pub(super) fn add(&mut self, kind: Kind) {
        self.0[kind as usize] += 1;
    }

    /// Counts what was replaced elsewhere, too.
    pub fn add_all(&mut self, other: &Redactions) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }

    /// Pieces of one kind.
    pub fn of(&self, kind: Kind) -> u32 {
        self.0[kind as usize]
    }

    /// Pieces of all kinds.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// Kinds of which there are pieces, with their number.
    pub fn by_kind(&self) -> impl Iterator<Item = (Kind, u32)> {
        let counts = Kind::ALL.into_iter().zip(self.0);
        counts.filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_counted_by_kind() {
        let mut some = Redactions::default();
        some.add(Kind::Phone);
        some.add(Kind::Name);
        let mut all = some;
        all.add_all(&some);
        assert_eq!(
            all.by_kind().collect::<Vec<_>>(),
            [(Kind::Phone, 2), (Kind::Name, 2)]
        );
        assert_eq!((all.of(Kind::Email), all.total()), (0, 4));
    }

    #[test]
    fn the_order_of_all_is_that_of_the_numbers() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number, "{}", kind.name());
        }
    }
}
