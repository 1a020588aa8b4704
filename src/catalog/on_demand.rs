//! What is made when it is first asked for, and then kept as long as the program runs.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Things by their names.
pub(super) struct OnDemand<T: 'static>(Mutex<BTreeMap<&'static str, &'static T>>);

impl<T> OnDemand<T> {
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// The thing of this name; made if nobody has asked for it before. `make` also says the name as it is kept, and
    /// None when there is no such thing.
    pub fn find(
        &self,
        name: &str,
        make: impl FnOnce() -> Option<(&'static str, T)>,
    ) -> Option<&'static T> {
        if let Some(found) = self.lock().get(name) {
            return Some(found);
        }
        // Not under the lock: what makes one may ask for another. The second of two threads that make the same brings
        // an equal one, which is dropped.
        let (name, made) = make()?;
        Some(
            self.lock()
                .entry(name)
                .or_insert_with(|| Box::leak(Box::new(made))),
        )
    }

    /// What has been made so far, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, &'static T>> {
        // Nothing that panics runs under it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
