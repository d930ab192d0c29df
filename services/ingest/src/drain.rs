//! Reading on after a refusal. NuGet's client, like many, sends the whole body before it looks at the answer; a connection closed under
//! it is all that it would report.

use crate::file_part::BodyStream;
use futures::StreamExt;
use std::time::Duration;

/// Reads and throws away what is left of `body` while the answer is on its way already: at most `bytes`, and not for ever.
/// What is left after that is cut off with the connection.
pub(crate) fn drain(mut body: BodyStream, bytes: u64) {
    tokio::spawn(async move {
        let reading = async {
            let mut left = bytes;
            while let Some(Ok(chunk)) = body.next().await {
                match left.checked_sub(chunk.len() as u64) {
                    Some(rest) => left = rest,
                    None => break,
                }
            }
        };
        // However it ends, the body is dropped and the connection with it, unless it was read to its end.
        let _ = tokio::time::timeout(DRAIN_TIME_MAX, reading).await;
    });
}

/// Longest time that a refused client may go on sending.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(60);
