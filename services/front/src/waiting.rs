//! Requests that wait for a signature: one waiter per job and process, and not too many requests, of one client or of all.
//!
//! A thousand downloads of one unsigned package are one raise and one watch of its row. What they share lives as long as
//! one of them does: when all have hung up, nobody waits any more.

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, WeakShared};
use model::job::JobId;
use model::{Code, Refusal};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many requests may wait at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitLimits {
    /// Of one client address.
    pub per_client: usize,
    /// Of all.
    pub total: usize,
}

impl Default for WaitLimits {
    /// A restore asks for its packages all at once, some hundreds of them at most.
    fn default() -> Self {
        Self { per_client: 256, total: 2048 }
    }
}

/// Who asks, as far as limits go; `None` where the transport does not say.
pub(crate) type Client = Option<IpAddr>;

/// What one watch of a job comes to.
type Watch = BoxFuture<'static, Result<(), Refusal>>;
/// A watch that several requests share.
type Flight = Shared<Watch>;

/// All requests of this process that wait.
#[derive(Debug)]
pub(crate) struct Waiting {
    limits: WaitLimits,
    waiting: Mutex<Counts>,
    flights: Mutex<HashMap<JobId, WeakShared<Watch>>>,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_client: HashMap<Client, usize>,
}

/// The right to wait; given back when dropped.
#[derive(Debug)]
pub(crate) struct Admission {
    waiting: Arc<Waiting>,
    client: Client,
}

impl Waiting {
    pub(crate) fn new(limits: WaitLimits) -> Arc<Self> {
        Arc::new(Self { limits, waiting: Mutex::default(), flights: Mutex::default() })
    }

    /// Lets a request wait, or refuses it: `rate_limited`.
    pub(crate) fn admit(self: &Arc<Self>, client: Client) -> Result<Admission, Refusal> {
        let mut counts = lock(&self.waiting);
        let refused = |reason: &str| Err(Refusal::new(Code::RateLimited, reason));
        if counts.total >= self.limits.total {
            return refused("too many requests wait for a signature; try again later");
        }
        if counts.by_client.get(&client).is_some_and(|n| *n >= self.limits.per_client) {
            return refused("too many requests of this client wait for a signature; try again later");
        }
        counts.total += 1;
        *counts.by_client.entry(client).or_default() += 1;
        Ok(Admission { waiting: Arc::clone(self), client })
    }

    /// Waits for what `watch` comes to, together with everybody who waits for the same job; `watch` is begun only when
    /// nobody does.
    pub(crate) async fn together<F>(&self, job: JobId, watch: F) -> Result<(), Refusal>
    where
        F: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.flight(job, watch).await
    }

    fn flight<F>(&self, job: JobId, watch: F) -> Flight
    where
        F: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        let mut flights = lock(&self.flights);
        if let Some(flight) = flights.get(&job).and_then(WeakShared::upgrade)
            && flight.peek().is_none()
        {
            return flight;
        }
        flights.retain(|_, flight| flight.upgrade().is_some());
        let flight = watch.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(job, weak);
        }
        flight
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut counts = lock(&self.waiting.waiting);
        counts.total = counts.total.saturating_sub(1);
        if let Some(n) = counts.by_client.get_mut(&self.client) {
            *n -= 1;
            if *n == 0 {
                counts.by_client.remove(&self.client);
            }
        }
    }
}

/// Nothing panics while it holds one of these locks, and the counts are whole after each statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::oneshot;

    const CLIENT: Client = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    #[tokio::test]
    async fn many_requests_for_one_job_are_one_watch() {
        let waiting = Waiting::new(WaitLimits::default());
        let watches = Arc::new(AtomicUsize::new(0));
        let (done, wait) = oneshot::channel::<()>();
        let wait = wait.shared();
        let ask = || {
            let (watches, wait) = (Arc::clone(&watches), wait.clone());
            waiting.together(JobId(1), async move {
                watches.fetch_add(1, Ordering::SeqCst);
                wait.await.map_err(|_| Refusal::new(Code::Internal, "the test ended"))
            })
        };
        let mut asked: Vec<_> = (0..100).map(|_| Box::pin(ask())).collect();
        for request in &mut asked {
            assert!(futures::poll!(request.as_mut()).is_pending());
        }
        done.send(()).unwrap();
        for request in asked {
            assert_eq!(request.await, Ok(()));
        }
        assert_eq!(watches.load(Ordering::SeqCst), 1);
        // It is over: who comes now starts another.
        assert_eq!(ask().await, Ok(()));
        assert_eq!(watches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_watch_that_all_have_left_is_forgotten() {
        let waiting = Waiting::new(WaitLimits::default());
        let mut first = Box::pin(waiting.together(JobId(1), std::future::pending()));
        assert!(futures::poll!(first.as_mut()).is_pending());
        drop(first);
        assert_eq!(waiting.together(JobId(1), async { Ok(()) }).await, Ok(()));
    }

    #[test]
    fn limits_of_one_client_and_of_all() {
        let waiting = Waiting::new(WaitLimits { per_client: 2, total: 3 });
        let code = |r: Result<Admission, Refusal>| r.map_err(|refusal| refusal.code).map(|_| ());
        let first = waiting.admit(CLIENT).unwrap();
        let _second = waiting.admit(CLIENT).unwrap();
        assert_eq!(code(waiting.admit(CLIENT)), Err(Code::RateLimited));
        let other = waiting.admit(None).unwrap();
        assert_eq!(code(waiting.admit(None)), Err(Code::RateLimited));
        drop((first, other));
        assert_eq!(code(waiting.admit(CLIENT)), Ok(()));
    }
}
