//! The end of a run: wait until the group has no lag, by Kafka's own word.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::load::PARTITIONS;
use super::scene::{NAME, topic};

/// Longest wait for one answer of the broker.
const ANSWER: Duration = Duration::from_secs(10);
/// A group that makes no step for so long has failed.
const STANDSTILL: Duration = Duration::from_secs(120);

/// Looks at a group from outside: a consumer that never joins it.
pub struct Lag(BaseConsumer);

impl Lag {
    /// Of the group under test.
    pub fn new(client: &ClientConfig) -> Result<Self> {
        let mut client = client.clone();
        let consumer = client
            .set("group.id", NAME)
            .set("enable.auto.commit", "false")
            .create()?;
        Ok(Self(consumer))
    }

    /// Log ends of the partitions.
    pub fn ends(&self) -> Result<Vec<usize>> {
        (0..PARTITIONS)
            .map(|partition| {
                let (_, end) = self
                    .0
                    .fetch_watermarks(&topic(), partition as i32, ANSWER)?;
                Ok(end as usize)
            })
            .collect()
    }

    /// Offsets that the group has committed; 0 where there is none.
    pub fn committed(&self) -> Result<Vec<usize>> {
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition(&topic(), partition as i32);
        }
        let committed = self.0.committed_offsets(list, ANSWER)?;
        let offset = |partition: usize| match committed
            .find_partition(&topic(), partition as i32)
            .map(|found| found.offset())
        {
            Some(Offset::Offset(offset)) => offset as usize,
            _ => 0,
        };
        Ok((0..PARTITIONS).map(offset).collect())
    }

    /// Waits until everything is committed; `turn` is called again and again meanwhile.
    pub fn wait(&self, mut turn: impl FnMut(u64) -> Result<()>) -> Result<()> {
        let ends = self.ends()?;
        let (mut last, mut moved) = (Vec::new(), Instant::now());
        loop {
            // A coordinator that is moving answers with an error: that passes.
            let committed = self.committed().unwrap_or_else(|_| last.clone());
            if committed == ends {
                return Ok(());
            }
            if committed != last {
                (last, moved) = (committed, Instant::now());
            } else if moved.elapsed() > STANDSTILL {
                let seconds = STANDSTILL.as_secs();
                bail!("the group has stood still for {seconds} s at {last:?}, log ends {ends:?}");
            }
            let lag = ends.iter().sum::<usize>() - last.iter().sum::<usize>();
            turn(lag as u64)?;
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
