//! Processes begin, stand still, end.

use stackone_processor_core::Processor;
use stackone_processor_core::processor::Input;

use super::{Event, Simulation};
use crate::kafka::call::{Call, Reply};
use crate::replica::{Act, Run};
use crate::time::{MINUTE, MS, Micros, SECOND, micros};

/// How long a run that failed waits before the next one.
const NEXT_RUN: Micros = SECOND;

impl Simulation {
    pub(super) fn on_start_of(&mut self, r: usize, life: u64) {
        if self.replicas[r].life == life && self.replicas[r].run.is_none() {
            self.send(r, Call::Init);
        }
    }

    pub(super) fn on_act(&mut self, r: usize, life: u64, act: Act) {
        let replica = &mut self.replicas[r];
        if replica.life != life {
            return;
        }
        if self.now < replica.asleep_until {
            let at = replica.asleep_until;
            return self.push(at, Event::Act(r, life, act));
        }
        let Some(mut run) = replica.run.take() else {
            return self.on_registered(r, act);
        };
        if let Act::Kill(down) = act {
            run.state.killed = Some(down);
        } else if !self.is_early(&mut run, &act) {
            let is_tick = matches!(act, Act::Tick);
            let before = self.trace.inputs();
            self.act(r, &mut run, act);
            // What concerns the client alone does not wake the thread that drives the core.
            let is_read = run
                .positions
                .values()
                .any(|position| !position.buffer.is_empty());
            if is_tick || is_read || self.trace.inputs() > before || run.member.has_news() {
                self.go_round(r, &mut run);
            }
        }
        self.after(r, run);
    }

    /// A tick that something else has made needless.
    fn is_early(&self, run: &mut Run, act: &Act) -> bool {
        let is_tick = matches!(act, Act::Tick);
        if is_tick && run.state.wake.is_some_and(|wake| wake > self.now) {
            return true;
        }
        if run.state.wake.is_some_and(|wake| wake <= self.now) {
            run.state.wake = None;
        }
        false
    }

    /// One round of the thread that drives the core: what there is to poll, then the time.
    fn go_round(&mut self, r: usize, run: &mut Run) {
        self.poll(r, run);
        if run.state.has_ended.is_none() {
            self.give(r, run, Input::Tick);
            self.poll(r, run);
        }
        let wake = run.core.next_wake(self.clock(r));
        let Some(wake) = wake.map(|wake| micros(wake.since_start()).max(self.now + MS)) else {
            return;
        };
        if run.state.wake.is_none_or(|planned| wake < planned) {
            run.state.wake = Some(wake);
            self.act_later(r, wake - self.now, Act::Tick);
        }
    }

    /// The process goes on, or ends.
    fn after(&mut self, r: usize, run: Box<Run>) {
        if let Some(down) = run.state.killed {
            return self.kill(r, down);
        }
        let Some(is_well) = run.state.has_ended else {
            self.replicas[r].run = Some(run);
            return;
        };
        if let Some(member) = run.member.id() {
            self.send(r, Call::Leave(member));
        }
        self.oracle.ended(&run, is_well);
        let wait = if is_well { 5 * SECOND } else { NEXT_RUN };
        self.replicas[r].life += 1;
        let life = self.replicas[r].life;
        self.push(self.now + wait, Event::Start(r, life));
    }

    /// The process is gone, and another begins after a while.
    pub(super) fn kill(&mut self, r: usize, down: Micros) {
        let replica = &mut self.replicas[r];
        replica.life += 1;
        replica.run = None;
        replica.trap = None;
        replica.asleep_until = 0;
        let life = replica.life;
        self.push(self.now + down, Event::Start(r, life));
    }

    /// The transactional id is registered: the process joins the group.
    fn on_registered(&mut self, r: usize, act: Act) {
        let Act::Answered(answered) = act else { return };
        let (Call::Init, reply) = *answered else {
            return;
        };
        let Reply::Epoch(epoch) = reply else {
            let life = self.replicas[r].life;
            return self.push(self.now + 100 * MS, Event::Start(r, life));
        };
        let seed = self.replicas[r].network.draw();
        let core = Processor::new(self.settings.clone(), seed, self.clock(r));
        let mut run = Box::new(Run::new(core, epoch));
        self.join(r, &mut run);
        self.heartbeat(r, &mut run);
        self.go_round(r, &mut run);
        self.replicas[r].run = Some(run);
    }

    /// The process is told to end, and killed where it does not.
    pub(super) fn stop(&mut self, r: usize, down: Micros) {
        self.act_later(r, 0, Act::Stop);
        self.act_later(r, MINUTE, Act::Kill(down));
    }
}
