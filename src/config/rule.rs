//! What a rule of the configuration says of a field.

use std::borrow::Cow;

/// Field, what is wrong with it, the mend; `None` if nothing is.
pub(super) type Broken = Option<(Cow<'static, str>, String, Cow<'static, str>)>;

/// The field is refused.
pub(super) fn refuse(
    field: impl Into<Cow<'static, str>>,
    message: impl Into<String>,
    mend: impl Into<Cow<'static, str>>,
) -> Broken {
    Some((field.into(), message.into(), mend.into()))
}

/// Whether Kafka takes it as the name of a topic.
pub(super) fn is_topic(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}
