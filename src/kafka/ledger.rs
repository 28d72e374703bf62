//! The ledger: what a group's committed offset says besides the offset, in its metadata.
//!
//! Before anything of a range is written, its first offset is committed with the range as metadata:
//! `v1:STREAM:FIRST-LAST:BUILD`. The commit that ends a range announces the next one, or says
//! `v1:STREAM` if there is none. Whoever gets the partition after a crash knows so which range may
//! have been written in part, and by which build.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Metadata of a committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// All before the offset is durable, nothing was announced.
    Done {
        /// Life of the topic that the offset belongs to.
        stream: String,
    },
    /// All before the offset is durable, and this range was announced.
    Pending {
        /// Life of the topic that the offset belongs to.
        stream: String,
        /// The range; it begins at the offset.
        range: RangeInclusive<i64>,
        /// What decides about the outcome of a record: program, models, settings.
        build: String,
    },
    /// Something else committed it: Kafka's own tools, or another program.
    Foreign,
}

const VERSION: &str = "v1";

impl Note {
    /// Reads the metadata of a commit.
    pub fn parse(metadata: &str) -> Self {
        Self::parts(metadata).unwrap_or(Note::Foreign)
    }

    fn parts(metadata: &str) -> Option<Self> {
        let mut fields = metadata.split(':');
        let (version, stream) = (fields.next()?, fields.next()?.to_owned());
        if version != VERSION || stream.is_empty() {
            return None;
        }
        let Some(range) = fields.next() else {
            return Some(Note::Done { stream });
        };
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        let build = fields.next()?.to_owned();
        let whole = fields.next().is_none() && 0 <= first && first <= last;
        whole.then_some(Note::Pending {
            stream,
            range: first..=last,
            build,
        })
    }

    /// Life of the topic that the offset belongs to, if the metadata tells.
    pub fn stream(&self) -> Option<&str> {
        match self {
            Note::Done { stream } | Note::Pending { stream, .. } => Some(stream),
            Note::Foreign => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Done { stream } => write!(f, "{VERSION}:{stream}"),
            Note::Pending {
                stream,
                range,
                build,
            } => {
                let (first, last) = (range.start(), range.end());
                write!(f, "{VERSION}:{stream}:{first}-{last}:{build}")
            }
            Note::Foreign => Ok(()),
        }
    }
}

/// Time on a clock that goes on while this process is stopped and while the machine is suspended.
pub fn clock() -> Duration {
    #[cfg(target_os = "linux")]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(
            now.tv_sec.max(0) as u64,
            now.tv_nsec.clamp(0, 999_999_999) as u32,
        )
    }
    #[cfg(not(target_os = "linux"))]
    {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since_1970.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_as_they_are_written() {
        for note in [
            Note::Done {
                stream: "5f".into(),
            },
            Note::Pending {
                stream: "5f".into(),
                range: 7..=19,
                build: "b-1".into(),
            },
        ] {
            assert_eq!(Note::parse(&note.to_string()), note);
        }
    }

    #[test]
    fn what_is_no_note_of_ours_is_foreign() {
        for text in [
            "",
            "v1",
            "v1:",
            "v2:5f",
            "v1:5f:7",
            "v1:5f:7-3:b",
            "v1:5f:7-9",
            "v1:5f:7-9:b:x",
            "v1:5f:-1-9:b",
            "anything else",
        ] {
            assert_eq!(Note::parse(text), Note::Foreign, "{text}");
        }
    }

    #[test]
    fn the_clock_goes_on() {
        let before = clock();
        assert!(clock() >= before && before > Duration::ZERO);
    }
}
