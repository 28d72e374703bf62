//! Marks: what an identifier is known by after it is gone.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::feedback::Millis;

/// Keyed hash of an identifier within its tenant: 128 bits, written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark(u128);

impl Mark {
    /// Bits that tell it and a time.
    pub(super) fn with(self, until: Millis) -> u128 {
        // Marks are hashes: the time only has to touch many bits.
        self.0
            ^ u128::from(until.unsigned_abs())
                .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

impl From<u128> for Mark {
    fn from(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(bits) if is_hex => Ok(Self(bits)),
            _ => Err(()),
        }
    }
}

/// What an identifier is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Named {
    /// A customer: its id.
    Customer,
    /// An identity: its type, its value.
    Identity,
    /// An order: its id.
    Order,
    /// A ticket: its id.
    Ticket,
    /// A visit: its id.
    Session,
    /// A shipment: its id.
    Delivery,
    /// A conversation: its id.
    Conversation,
    /// An item of feedback: kind, source, id.
    Item,
    /// A request to erase: whom it names.
    Request,
}

impl Named {
    /// Name in the hash and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Named::Customer => "customer",
            Named::Identity => "identity",
            Named::Order => "order",
            Named::Ticket => "ticket",
            Named::Session => "session",
            Named::Delivery => "delivery",
            Named::Conversation => "conversation",
            Named::Item => "item",
            Named::Request => "request",
        }
    }
}

/// Makes marks under a secret: the privacy key. Another key makes other marks, by which nothing is
/// recognised.
pub struct Marker {
    /// Keyed already: hashing begins with a copy.
    mac: Option<Hmac<Sha256>>,
}

impl Marker {
    /// `key`: of the keyed hashes of identifiers, at least 16 bytes.
    pub fn new(key: &[u8]) -> Self {
        Self {
            mac: Hmac::new_from_slice(key).ok(),
        }
    }

    /// The mark of an identifier, as it is stored. `None` only under a key that HMAC refuses, which
    /// does not exist.
    pub fn mark(&self, tenant: &str, what: Named, id: &[&str]) -> Option<Mark> {
        let mut mac = self.mac.clone()?;
        // Apart from the hashes that identifiers are stored as, which begin with the tenant.
        mac.update(b"erasure\0");
        for part in [what.name(), tenant].iter().chain(id) {
            mac.update(part.as_bytes());
            mac.update(b"\0");
        }
        let digest = mac.finalize().into_bytes();
        let bits = digest.iter().take(16);
        Some(Mark(
            bits.fold(0, |bits, byte| bits << 8 | u128::from(*byte)),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_differ_by_key_tenant_kind_and_identifier_and_tell_none_of_them() {
        let marker = Marker::new(b"a key known to tests");
        let mark = |tenant, what, id: &[&str]| marker.mark(tenant, what, id).unwrap();
        let one = mark("acme", Named::Customer, &["c1"]);
        assert_eq!(one, mark("acme", Named::Customer, &["c1"]));
        for other in [
            mark("acme", Named::Customer, &["c2"]),
            mark("other", Named::Customer, &["c1"]),
            mark("acme", Named::Order, &["c1"]),
            mark("acme", Named::Identity, &["c", "1"]),
            Marker::new(b"another key of tests")
                .mark("acme", Named::Customer, &["c1"])
                .unwrap(),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(one.to_string().parse(), Ok(one));
        for wrong in ["", "c1", "+0000000000000000000000000000001", "0x1"] {
            assert!(wrong.parse::<Mark>().is_err(), "{wrong}");
        }
    }
}
