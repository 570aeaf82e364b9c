//! Counts what is under way by flights: accounts that one request asks for.

use crate::HashMap;

use super::lane::Lane;

/// The number of a request, for one account or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Flight(u64);

/// How many accounts of each flight have no answer, by lane. A flight ends with the last of them.
#[derive(Debug)]
pub(super) struct Flights {
    lanes: Vec<HashMap<Flight, usize>>,
    last: u64,
}

impl Flights {
    pub(super) fn new(lanes: usize) -> Self {
        Self {
            lanes: vec![HashMap::default(); lanes],
            last: 0,
        }
    }

    pub(super) fn depart(&mut self, lane: Lane, accounts: usize) -> Flight {
        self.last += 1;
        let flight = Flight(self.last);
        self.lanes[lane].insert(flight, accounts);
        flight
    }

    /// Notes that an account is answered, unless it was before.
    pub(super) fn land(&mut self, lane: Lane, flight: Option<Flight>) {
        let Some(flight) = flight else { return };
        let flights = &mut self.lanes[lane];
        if let Some(accounts) = flights.get_mut(&flight) {
            *accounts -= 1;
            if *accounts == 0 {
                flights.remove(&flight);
            }
        }
    }

    pub(super) fn of(&self, lane: Lane) -> usize {
        self.lanes.get(lane).map_or(0, HashMap::len)
    }

    pub(super) fn all(&self) -> usize {
        self.lanes.iter().map(HashMap::len).sum()
    }
}
