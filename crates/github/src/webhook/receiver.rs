//! From a request to the inbox, without letting the sender wait.

use std::sync::mpsc::{Receiver as Queue, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use secrecy::SecretString;

use super::{Concerns, Delivery, Inbox, Refusal, RestReader, read, verify};
use crate::observer::{Event, Observer};

/// Deliveries that wait to be stored, at most. One holds what was understood of it, which is a few
/// kilobytes, and some 300 at most: a title and a description.
const QUEUE_MAX: usize = 512;
/// Deliveries stored in one go, at most.
const TOGETHER_MAX: usize = 64;
/// How often storing is tried.
const TRIES: u32 = 3;
/// The pause before another try.
const PAUSE: Duration = Duration::from_secs(1);

/// What the head of a request says of a delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head<'h> {
    /// `X-Hub-Signature-256`.
    pub signature: Option<&'h str>,
    /// `X-GitHub-Delivery`.
    pub id: Option<&'h str>,
    /// `X-GitHub-Event`.
    pub event: Option<&'h str>,
}

/// Takes deliveries. What it has taken is stored by a thread of its own; dropping the receiver waits
/// until the rest is stored.
pub struct Receiver {
    secrets: Vec<SecretString>,
    rest: RestReader,
    queue: Option<SyncSender<Delivery>>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl Receiver {
    /// A receiver of deliveries that are signed with one of `secrets`, into `inbox`. `observer` is told
    /// what could not be stored.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(
        secrets: Vec<SecretString>,
        rest: RestReader,
        inbox: Arc<dyn Inbox>,
        observer: Arc<dyn Observer>,
    ) -> std::io::Result<Receiver> {
        let (queue, waiting) = sync_channel(QUEUE_MAX);
        let keeper = std::thread::Builder::new()
            .name("webhooks".to_owned())
            .spawn(move || keep(&waiting, inbox.as_ref(), observer.as_ref()))?;
        Ok(Receiver {
            secrets,
            rest,
            queue: Some(queue),
            keeper: Mutex::new(Some(keeper)),
        })
    }

    /// Takes a delivery: verifies it, reads it, and puts it into the queue. Never blocks.
    ///
    /// # Errors
    /// When it is not signed, not understood, or when the queue is full.
    pub fn receive(&self, head: Head<'_>, body: &[u8]) -> Result<(), Refusal> {
        verify(&self.secrets, head.signature, body)?;
        let delivery = read(head.id, head.event, body, self.rest)?;
        if delivery.concerns == Concerns::Nothing {
            return Ok(());
        }
        let queue = self.queue.as_ref().ok_or(Refusal::Busy)?;
        queue.try_send(delivery).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Refusal::Busy,
        })
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.queue = None;
        let keeper = self
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(keeper) = keeper {
            // A keeper that panicked has nothing left to store.
            let _ = keeper.join();
        }
    }
}

/// Stores what comes until nobody can send any more.
fn keep(waiting: &Queue<Delivery>, inbox: &dyn Inbox, observer: &dyn Observer) {
    while let Ok(first) = waiting.recv() {
        let mut together = vec![first];
        while together.len() < TOGETHER_MAX
            && let Ok(next) = waiting.try_recv()
        {
            together.push(next);
        }
        let mut tries = 1;
        while let Err(error) = inbox.take(&together) {
            if tries == TRIES {
                observer.event(&Event::Warning(&format!(
                    "{} webhook deliveries could not be stored, the next sync makes up for them: {error}",
                    together.len()
                )));
                break;
            }
            tries += 1;
            std::thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use secrecy::SecretString;

    use super::*;
    use crate::observer::Silent;
    use crate::shelf::ShelfError;
    use crate::webhook::{Taken, sign};

    /// Takes nothing until it is let go, then tells what it took.
    struct Gate {
        go: Mutex<mpsc::Receiver<()>>,
        taken: mpsc::Sender<usize>,
    }

    impl Inbox for Gate {
        fn take(&self, deliveries: &[Delivery]) -> Result<Vec<Taken>, ShelfError> {
            let _ = self.go.lock().expect("not poisoned").recv();
            self.taken.send(deliveries.len()).expect("somebody listens");
            Ok(vec![Taken::Marked; deliveries.len()])
        }
    }

    #[test]
    fn the_queue_is_bounded_and_what_was_taken_is_stored_at_the_end() {
        let (let_go, go) = mpsc::channel();
        let (told, taken) = mpsc::channel();
        let secret = SecretString::from("s");
        let inbox = Arc::new(Gate {
            go: Mutex::new(go),
            taken: told,
        });
        let receiver = Receiver::new(vec![secret.clone()], |_| None, inbox, Arc::new(Silent))
            .expect("a thread");
        let body =
            br#"{"ref":"refs/heads/main","repository":{"id":1,"node_id":"R","full_name":"a/b"}}"#;
        let signature = sign(&secret, body);
        let head = Head {
            signature: Some(&signature),
            id: Some("d"),
            event: Some("push"),
        };
        let mut accepted = 0;
        let refusal = loop {
            match receiver.receive(head, body) {
                Ok(()) => accepted += 1,
                Err(refusal) => break refusal,
            }
        };
        assert_eq!(refusal, Refusal::Busy);
        assert!(
            (QUEUE_MAX..=QUEUE_MAX + TOGETHER_MAX).contains(&accepted),
            "{accepted}"
        );
        let forged = Head {
            signature: Some("sha256=00"),
            ..head
        };
        assert_eq!(receiver.receive(forged, body), Err(Refusal::Signature));
        drop(let_go);
        drop(receiver);
        assert_eq!(taken.iter().sum::<usize>(), accepted);
    }
}
