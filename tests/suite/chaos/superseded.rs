//! Versions that ClickHouse may have dropped in the very insert that brought them.

use super::load::{Code, Load, PARTITIONS, Version};
use super::producer::Produced;

/// Most records of a batch, by the settings that the schedule deals.
const BATCH: usize = 10_000;

/// Which records may have been superseded within their batch.
pub struct Superseded {
    load: Load,
    /// Of each partition the records that become rows, sorted: item, offset, version.
    rows: Vec<Vec<(u32, u32, u64)>>,
}

impl Superseded {
    /// Of all that was produced.
    pub fn new(load: Load, produced: &Produced) -> Self {
        let of_partition = |partition: usize| {
            let row = |offset: usize| {
                let code = produced.at(partition, offset).filter(|c| c.is_row())?;
                let version = load.version(code);
                Some((version.item, offset as u32, version.version))
            };
            let mut rows: Vec<_> = (0..produced.len(partition)).filter_map(row).collect();
            rows.sort_unstable();
            rows
        };
        Self {
            load,
            rows: (0..PARTITIONS).map(of_partition).collect(),
        }
    }

    /// Whether a record near by has a newer version of the same item.
    pub fn holds(&self, partition: usize, offset: usize, code: Code) -> bool {
        let rows = &self.rows[partition];
        let Version { item, version, .. } = self.load.version(code);
        let first = rows.partition_point(|row| row.0 < item);
        rows[first..]
            .iter()
            .take_while(|row| row.0 == item)
            .map(|&(_, at, version)| (version, at as usize))
            .any(|other| other > (version, offset) && other.1.abs_diff(offset) <= BATCH)
    }
}
