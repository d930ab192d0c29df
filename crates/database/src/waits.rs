//! Waiting for work: woken at once by this process, by looking at the rows for what others committed.

use crate::sql::{self, Columns};
use crate::{Database, Error};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Jobs that could be claimed now; each lane is a range of the index of pending jobs.
const DUE: &str = concat!(
    "-- wait_for_work\nSELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'pending' AND lane IN (0, 1, 2) AND not_before <= ",
    sql::now!(),
    " AND (lease_expires_at IS NULL OR lease_expires_at <= ",
    sql::now!(),
    "))"
);

/// Signed blobs that nobody writes now.
const UNWRITTEN: &str = concat!(
    "-- wait_for_write_backs\nSELECT EXISTS (SELECT 1 FROM signatures WHERE signed_blob IS NULL AND write_back_after <= ",
    sql::now!(),
    ")"
);

impl Database {
    /// Waits until a job can be claimed, at the latest for `wait`. Wakes at once for what this process recorded, within the poll
    /// interval for what others did or what became due. False when there is none.
    pub async fn wait_for_work(&self, wait: Duration) -> Result<bool, Error> {
        self.wait_until(DUE, &self.wakes().work, wait).await
    }

    /// The same for signed blobs to be written.
    pub async fn wait_for_write_backs(&self, wait: Duration) -> Result<bool, Error> {
        self.wait_until(UNWRITTEN, &self.wakes().write_backs, wait).await
    }

    async fn wait_until(&self, exists: &'static str, wake: &Notify, wait: Duration) -> Result<bool, Error> {
        let deadline = Instant::now() + wait;
        loop {
            let mut woken = std::pin::pin!(wake.notified());
            // Registered before looking, so that nothing in between is missed.
            woken.as_mut().enable();
            let row = sql::row(self.reader(), "looking for work", sql::statement(exists, [])).await?;
            let there = row.map(|row| Columns::of(&row).next::<bool>()).transpose()?.unwrap_or(false);
            let now = Instant::now();
            if there || now >= deadline {
                return Ok(there);
            }
            _ = tokio::time::timeout_at(deadline.min(now + self.poll()), woken).await;
        }
    }
}
