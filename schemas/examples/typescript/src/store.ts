// The service's own table of accounts.

import { DatabaseSync } from "node:sqlite";
import type { AccountLifecycleEvent } from "../generated/account-lifecycle-event.schema.d.ts";
import type { AccountState } from "../generated/account-state.schema.d.ts";

const TABLE = `
create table if not exists account (
  account_id text primary key, version integer not null, state text not null, status text, provider text, owner_id text
);
`;
// The whole of duplicate safety: an older or repeated version changes nothing.
const TAKE = `
insert into account values (:account_id, :version, :state, :status, :provider, :owner_id)
on conflict (account_id) do update set
  version = excluded.version, state = excluded.state, status = excluded.status,
  provider = excluded.provider, owner_id = excluded.owner_id
where excluded.version > account.version
`;

export class Store {
  readonly #database: DatabaseSync;

  constructor(file: string) {
    // Replicas wait for each other's transactions; without a number they fail at once.
    this.#database = new DatabaseSync(file, { timeout: 5_000 });
    this.#database.exec(TABLE);
  }

  /** Writes what a record says, and does the work it means, in one transaction; or nothing, if it is old. */
  take(record: AccountLifecycleEvent | AccountState, state: AccountState["state"], why: string): void {
    const { account_id, version, status } = record;
    // Of an account that is gone only the version is kept, which a later link must exceed; an event still says whose it was.
    const account = state === "unlinked" ? undefined : record.account;
    const row = {
      account_id,
      version,
      state,
      status: status ?? null,
      provider: account?.provider ?? null,
      owner_id: account?.origin_owner_id ?? null,
    };
    const isNew = this.#inTransaction(() => {
      const { changes } = this.#database.prepare(TAKE).run(row);
      // The work of a real service belongs here, within the transaction.
      return changes === 1;
    });
    if (isNew) console.log(JSON.stringify({ account_id, version, why }));
  }

  close(): void {
    this.#database.close();
  }

  #inTransaction<Result>(work: () => Result): Result {
    this.#database.exec("begin immediate");
    try {
      const result = work();
      this.#database.exec("commit");
      return result;
    } catch (error) {
      this.#database.exec("rollback");
      throw error;
    }
  }
}
