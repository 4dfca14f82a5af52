//! Compares the trees of commits side by side, each worker with a handle of its own on the repository.
//!
//! Jobs are runs of neighbouring commits, because neighbours share trees. Answers come back in the order of the jobs, so that
//! the outcome doesn't depend on which worker was faster.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use git2::{Odb, Oid, RepositoryOpenFlags};

use super::area::{Area, Areas};
use super::manifest::{Got, Versions};
use super::touch::Touches;
use super::tree_store::Objects;
use crate::error::GitError;
use crate::packs::Packs;

/// More workers than this compete for memory bandwidth rather than share work.
const WORKERS_MAX: usize = 4;
/// With so few commits a second thread costs more than it saves.
pub(super) const JOB_COMMITS: usize = 192;

/// A commit whose changes are wanted.
pub(super) struct Question {
    pub(super) place: usize,
    pub(super) tree: Oid,
    pub(super) parents: Vec<Oid>,
}

/// What a commit changes.
pub(super) struct Answer {
    pub(super) place: usize,
    /// The packages it touches.
    pub(super) touched: Vec<Area>,
    /// It touches more than the folder of one package that was there before, as a commit does that moves a package.
    pub(super) wide: bool,
    /// Those of them whose manifest got a wanted version in it.
    pub(super) versioned: Vec<Versioned>,
}

/// A wanted version that was found.
pub(super) struct Versioned {
    pub(super) key: usize,
    pub(super) area: Area,
    pub(super) got: Got,
}

/// A package whose base is the commit in which its manifest got its present version.
pub(super) struct Wanted {
    /// By which it is told apart from the others.
    pub(super) key: usize,
    pub(super) version: String,
    /// The manifest must have this name too.
    pub(super) name: Option<String>,
    /// Set once the commit is found, so that workers stop looking.
    pub(super) found: AtomicBool,
}

/// What all workers read.
pub(super) struct SharedReads<'a> {
    pub(super) git_dir: &'a Path,
    pub(super) packs: &'a Packs,
    pub(super) areas: &'a Areas,
    /// By area.
    pub(super) wanted: &'a [Vec<Wanted>],
}

type Job = (usize, Vec<Question>);
type Done = (usize, Result<Vec<Answer>, GitError>);

/// The workers of one walk.
pub(super) struct TreeWorkers<'scope, 'env, 'r> {
    scope: &'scope Scope<'scope, 'env>,
    ground: &'env SharedReads<'env>,
    odb: &'r Odb<'r>,
    workers: usize,
    /// The first job waits here: when no second one comes, it is done without threads.
    first: Option<Job>,
    running: Option<(Sender<Job>, Receiver<Done>)>,
    sent: usize,
    taken: usize,
    arrived: BTreeMap<usize, Result<Vec<Answer>, GitError>>,
}

impl<'scope, 'env: 'scope, 'r> TreeWorkers<'scope, 'env, 'r> {
    pub(super) fn new(scope: &'scope Scope<'scope, 'env>, ground: &'env SharedReads<'env>, odb: &'r Odb<'r>) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(WORKERS_MAX);
        Self { scope, ground, odb, workers, first: None, running: None, sent: 0, taken: 0, arrived: BTreeMap::new() }
    }

    /// Gives a job to the workers.
    pub(super) fn ask(&mut self, questions: Vec<Question>) {
        let job = (self.sent, questions);
        self.sent += 1;
        if self.workers == 1 {
            let answers = work(self.ground, self.odb, &job.1);
            self.arrived.insert(job.0, answers);
        } else if let Some((jobs, _)) = &self.running {
            // A worker that is gone has left its error behind, which ends the walk.
            let _ = jobs.send(job);
        } else if let Some(first) = self.first.take() {
            let (jobs, done) = self.start();
            let _ = jobs.send(first);
            let _ = jobs.send(job);
            self.running = Some((jobs, done));
        } else {
            self.first = Some(job);
        }
    }

    /// The answers of the next job in order. Waits for them only while more than `in_flight` jobs are under way; `None` when
    /// there is nothing to wait for.
    pub(super) fn take(&mut self, in_flight: usize) -> Option<Result<Vec<Answer>, GitError>> {
        loop {
            if let Some(answers) = self.arrived.remove(&self.taken) {
                self.taken += 1;
                return Some(answers);
            }
            let wait = self.sent - self.taken > in_flight;
            let (order, answers) = match (&self.running, wait) {
                (Some((_, done)), true) => done.recv().ok()?,
                (Some((_, done)), false) => done.try_recv().ok()?,
                (None, true) => {
                    let (order, questions) = self.first.take()?;
                    (order, work(self.ground, self.odb, &questions))
                }
                (None, false) => return None,
            };
            self.arrived.insert(order, answers);
        }
    }

    /// How many jobs may be under way before a caller that needs the answers should wait.
    pub(super) fn comfortable(&self) -> usize {
        self.workers * 2
    }

    fn start(&self) -> (Sender<Job>, Receiver<Done>) {
        let (jobs, job_queue) = channel::<Job>();
        let (results, done) = channel::<Done>();
        let job_queue = Arc::new(Mutex::new(job_queue));
        for _ in 0..self.workers {
            let (job_queue, results, ground) = (Arc::clone(&job_queue), results.clone(), self.ground);
            self.scope.spawn(move || run(ground, &job_queue, &results));
        }
        (jobs, done)
    }
}

fn run(ground: &SharedReads<'_>, jobs: &Mutex<Receiver<Job>>, results: &Sender<Done>) {
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    let none: [&Path; 0] = [];
    let opened = git2::Repository::open_ext(ground.git_dir, RepositoryOpenFlags::NO_SEARCH, none);
    let odb = opened.as_ref().map_err(|error| git2::Error::from_str(error.message())).and_then(git2::Repository::odb);
    let odb = match odb {
        Ok(odb) => odb,
        Err(error) => {
            if let Some((order, _)) = next() {
                let _ = results.send((order, Err(GitError::doing("open the repository a second time")(error))));
            }
            return;
        }
    };
    let mut desk = Desk::new(ground, &odb);
    while let Some((order, questions)) = next() {
        if results.send((order, desk.work(&questions))).is_err() {
            return;
        }
    }
}

fn work(ground: &SharedReads<'_>, odb: &Odb<'_>, questions: &[Question]) -> Result<Vec<Answer>, GitError> {
    Desk::new(ground, odb).work(questions)
}

/// One worker's caches.
struct Desk<'a, 'r> {
    ground: &'r SharedReads<'a>,
    touches: Touches<'r, 'r>,
    versions: Versions,
}

impl<'a, 'r> Desk<'a, 'r> {
    fn new(ground: &'r SharedReads<'a>, odb: &'r Odb<'r>) -> Self {
        Self {
            ground,
            touches: Touches::new(ground.areas, Objects::new(ground.packs, odb)),
            versions: Versions::default(),
        }
    }

    fn work(&mut self, questions: &[Question]) -> Result<Vec<Answer>, GitError> {
        let trees = questions.iter().flat_map(|question| question.parents.iter().copied().chain([question.tree]));
        self.touches.store.objects.prepare(trees)?;
        questions.iter().map(|question| self.answer(question)).collect()
    }

    fn answer(&mut self, question: &Question) -> Result<Answer, GitError> {
        let touched = self.touches.of_commit(question.tree, &question.parents)?;
        let wide = self.touches.beyond || touched.len() > 1;
        let mut versioned = Vec::new();
        for area in &touched {
            for wanted in self.ground.wanted.get(*area).into_iter().flatten() {
                if wanted.found.load(Ordering::Relaxed) {
                    continue;
                }
                let folder = self.ground.areas.path(*area);
                let trees = (question.tree, question.parents.as_slice());
                if let Some(got) = self.versions.got(&mut self.touches.store, trees, folder, wanted)? {
                    versioned.push(Versioned { key: wanted.key, area: *area, got });
                }
            }
        }
        Ok(Answer { place: question.place, touched, wide, versioned })
    }
}
