//! RudderStack: calls that link identities.

use super::*;

#[test]
fn calls_link_identities() {
    let mapping = Feed::default().mapping(Entity::Identity, Format::RudderStack);
    let call = |kind: &str, ids: &str| {
        format!(
            r#"{{"type": "{kind}", {ids}, "traits": {{"email": "sara@example.com"}},
            "timestamp": "2026-05-01T12:30:00Z", "originalTimestamp": "2026-05-01T00:00:00Z"}}"#
        )
    };
    let linked = |payload: &str| {
        let told = change(&mapping, payload);
        assert_eq!((told.valid_from, told.version), (MOMENT, KAFKA_TIME as u64));
        let Facts::Identity(identity) = told.facts else {
            panic!("an identity")
        };
        (identity.kind, told.id, identity.customer_id)
    };
    let owned = |(a, b, c): (&str, &str, &str)| (a.to_owned(), b.to_owned(), c.to_owned());
    let identify = call("identify", r#""anonymousId": "a-1", "userId": "c-1""#);
    assert_eq!(linked(&identify), owned(("anonymous_id", "a-1", "c-1")));
    let alias = call(
        "alias",
        r#""previousId": "c-0", "userId": "c-1", "anonymousId": "a-1""#,
    );
    assert_eq!(linked(&alias), owned(("user_id", "c-0", "c-1")));
    let first = call(
        "alias",
        r#""previousId": "a-1", "userId": "c-1", "anonymousId": "a-1""#,
    );
    assert_eq!(linked(&first), owned(("anonymous_id", "a-1", "c-1")));

    for nothing in [
        call("track", r#""anonymousId": "a-1", "userId": "c-1""#),
        call("identify", r#""anonymousId": "a-1", "userId": null"#),
        call("identify", r#""userId": "c-1""#),
    ] {
        assert_eq!(read(&mapping, &sent(&nothing)), Ok(None));
    }
    let fault = |payload: &str| read(&mapping, &sent(payload)).unwrap_err();
    assert_eq!(fault("{}"), (Reason::MissingField, "type".into()));
    let wrong = identify.replace("\"c-1\"", "5");
    assert_eq!(fault(&wrong), (Reason::WrongType, "userId".into()));

    let merges = Feed::default().mapping(Entity::Customer, Format::RudderStack);
    assert_eq!(read(&merges, &sent(&identify)), Ok(None));
    let told = change(&merges, &alias);
    let Facts::Customer(customer) = told.facts else {
        panic!("a customer")
    };
    assert_eq!((&*told.id, &*customer.merged_into), ("c-0", "c-1"));
}
