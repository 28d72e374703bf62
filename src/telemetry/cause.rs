//! Why something is tried again, in one stable word: a label of metrics and a reason of
//! [`Health`](crate::health::Health).

/// Why something failed for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// ClickHouse merges slower than it is written to.
    TooManyParts,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Network,
    /// ClickHouse's memory limit.
    Memory,
    /// The table is read-only for now: its replica has lost its keeper.
    ReadOnly,
    /// ClickHouse has too much to do.
    Overloaded,
    /// Too few replicas, or no keeper.
    Replicas,
    /// ClickHouse's disk is full.
    DiskFull,
    /// Something in front of ClickHouse answered 5xx, 408 or 429.
    Unavailable,
    /// Kafka did not take a commit.
    Commit,
    /// The dead-letter topic did not take a record.
    DeadLetterTopic,
    /// The erasure topic can't be read, or did not take a record.
    ErasureTopic,
    /// Anything else that may pass by itself.
    Other,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 13] = [
        Cause::TooManyParts,
        Cause::Timeout,
        Cause::Network,
        Cause::Memory,
        Cause::ReadOnly,
        Cause::Overloaded,
        Cause::Replicas,
        Cause::DiskFull,
        Cause::Unavailable,
        Cause::Commit,
        Cause::DeadLetterTopic,
        Cause::ErasureTopic,
        Cause::Other,
    ];

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Cause::TooManyParts => "too_many_parts",
            Cause::Timeout => "timeout",
            Cause::Network => "network",
            Cause::Memory => "memory",
            Cause::ReadOnly => "read_only",
            Cause::Overloaded => "overloaded",
            Cause::Replicas => "replicas",
            Cause::DiskFull => "disk_full",
            Cause::Unavailable => "unavailable",
            Cause::Commit => "commit",
            Cause::DeadLetterTopic => "dead_letter_topic",
            Cause::ErasureTopic => "erasure_topic",
            Cause::Other => "other",
        }
    }

    /// What an error code of ClickHouse speaks of.
    pub fn of_code(code: u32) -> Self {
        match code {
            252 => Cause::TooManyParts,
            159 | 209 => Cause::Timeout,
            198 | 203 | 210 | 279 => Cause::Network,
            173 | 241 => Cause::Memory,
            242 => Cause::ReadOnly,
            202 | 364 | 439 | 745 => Cause::Overloaded,
            225 | 254 | 265 | 285 | 286 | 289 | 999 => Cause::Replicas,
            243 => Cause::DiskFull,
            _ => Cause::Other,
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_a_word_of_its_own() {
        let names: std::collections::HashSet<_> = Cause::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
    }

    #[test]
    fn codes_of_clickhouse_have_their_cause() {
        for (code, expected) in [
            (252, Cause::TooManyParts),
            (159, Cause::Timeout),
            (210, Cause::Network),
            (241, Cause::Memory),
            (242, Cause::ReadOnly),
            (999, Cause::Replicas),
            (1000, Cause::Other),
        ] {
            assert_eq!(Cause::of_code(code), expected, "{code}");
        }
    }
}
