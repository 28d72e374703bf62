//! What becomes of personal data in a text, by its kind.

use serde::Deserialize;

use super::Kind;

/// What becomes of a piece of personal data in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// The name of its kind stands instead: `[phone]`.
    #[default]
    Mask,
    /// A keyed hash stands instead, the same for equal values of a tenant: `[phone:1a2b3c4d5e6f]`.
    /// It begins the hash under which an identifier of the same value is stored.
    Hmac,
    /// It stays as it is.
    Keep,
}

/// `[privacy.kinds]`: what becomes of each kind in texts. Identifiers that look like personal data are
/// hashed whatever stands here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Treatments {
    /// E-mail addresses.
    pub email: Treatment,
    /// Phone numbers.
    pub phone: Treatment,
    /// Numbers of payment cards.
    pub card: Treatment,
    /// Numbers of bank accounts.
    pub iban: Treatment,
    /// National identity numbers.
    pub id: Treatment,
    /// Numbers of passports.
    pub passport: Treatment,
    /// IP addresses.
    pub ip: Treatment,
    /// Passwords, tokens and keys; they can't be kept.
    pub secret: Treatment,
    /// Postal addresses.
    pub address: Treatment,
    /// Names of persons.
    pub name: Treatment,
}

impl Treatments {
    /// What becomes of a kind.
    pub fn of(&self, kind: Kind) -> Treatment {
        match kind {
            Kind::Email => self.email,
            Kind::Phone => self.phone,
            Kind::Card => self.card,
            Kind::Iban => self.iban,
            Kind::Id => self.id,
            Kind::Passport => self.passport,
            Kind::Ip => self.ip,
            Kind::Secret => self.secret,
            Kind::Address => self.address,
            Kind::Name => self.name,
        }
    }
}
