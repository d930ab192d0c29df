//! Opening, waiting, probing and closing, on a clock that stands still.

use super::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};

/// Gives the answers it was made with, then works.
#[derive(Debug, Default)]
struct Authority {
    faults: Mutex<VecDeque<Option<Duration>>>,
    asked: AtomicU32,
    silent: bool,
}

#[async_trait]
impl Timestamper for Authority {
    async fn timestamp(&self, _: &[u8], _: HashAlgorithm, _: OffsetDateTime) -> Result<Bytes, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.silent {
            return std::future::pending().await;
        }
        match self.faults.lock().unwrap().pop_front() {
            Some(wait) => Err(Error::new("a", Code::TimestampBusy, "it answered 503").after(wait)),
            None => Ok(Bytes::from_static(b"token")),
        }
    }

    fn ready(&self) -> Result<(), Error> {
        Ok(())
    }
}

fn breaker(faults: impl IntoIterator<Item = Option<Duration>>) -> (Arc<Authority>, Breaker) {
    let authority = Arc::new(Authority { faults: Mutex::new(faults.into_iter().collect()), ..Authority::default() });
    (Arc::clone(&authority), Breaker::new(authority, BreakerConfig::default()))
}

async fn ask(breaker: &Breaker) -> Result<Bytes, Error> {
    breaker.timestamp(b"value", HashAlgorithm::Sha256, OffsetDateTime::UNIX_EPOCH).await
}

async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn opens_after_three_failures_and_closes_after_a_probe() {
    let (authority, breaker) = breaker([None, None, None, None]);
    for _ in 0..3 {
        assert!(breaker.ready().is_ok());
        assert!(ask(&breaker).await.is_err());
    }
    let error = breaker.ready().unwrap_err();
    assert_eq!((error.code(), error.reason()), (Code::TimestampBusy, "not asked again yet, after: it answered 503"));
    assert_eq!(error.retry(), model::retry::Retry::After(Duration::from_secs(5)));
    assert!(ask(&breaker).await.is_err());
    assert_eq!(authority.asked.load(Ordering::Relaxed), 3);
    pass(5).await;
    assert!(breaker.ready().is_ok());
    assert!(ask(&breaker).await.is_err());
    // The failed probe doubles the wait.
    pass(9).await;
    assert!(breaker.ready().is_err());
    pass(1).await;
    assert!(ask(&breaker).await.is_ok());
    assert!(breaker.ready().is_ok());
    assert_eq!(authority.asked.load(Ordering::Relaxed), 5);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_asked_for_is_kept_at_once() {
    let (authority, breaker) = breaker([Some(Duration::from_secs(30))]);
    assert!(ask(&breaker).await.is_err());
    pass(29).await;
    assert!(breaker.ready().is_err());
    assert!(ask(&breaker).await.is_err());
    pass(1).await;
    assert!(ask(&breaker).await.is_ok());
    assert_eq!(authority.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn one_probe_at_a_time_and_one_given_up_frees_the_way() {
    let (_, failing) = breaker([None, None, None]);
    for _ in 0..3 {
        assert!(ask(&failing).await.is_err());
    }
    let silent = Arc::new(Authority { silent: true, ..Authority::default() });
    let breaker = Breaker { inner: Arc::clone(&silent) as _, ..failing };
    pass(5).await;
    let mut probe = Box::pin(ask(&breaker));
    assert!(futures::poll!(&mut probe).is_pending());
    assert!(breaker.ready().is_err());
    assert!(ask(&breaker).await.is_err());
    drop(probe);
    assert!(breaker.ready().is_ok());
    assert_eq!(silent.asked.load(Ordering::Relaxed), 1);
}
