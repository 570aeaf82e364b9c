// The service's own table of accounts.

import { DatabaseSync } from "node:sqlite";
import type { AccountLifecycleEvent } from "../generated/account-lifecycle-event.schema.d.ts";
import type { AccountState } from "../generated/account-state.schema.d.ts";

const TABLES = `
create table if not exists account (
  account_id text primary key, version integer not null, status text, provider text, owner_id text
);
create table if not exists bootstrapped (done integer);
`;
// The whole of duplicate safety: an older or repeated version changes nothing.
const TAKE = `
insert into account values (:account_id, :version, :status, :provider, :owner_id)
on conflict (account_id) do update set
  version = excluded.version, status = excluded.status, provider = excluded.provider, owner_id = excluded.owner_id
where excluded.version > account.version
`;

export class Store {
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(TABLES);
  }

  /** Writes what an event or a state says, and does the work it means, in one transaction; or nothing, if it is old. */
  take(event: AccountLifecycleEvent | AccountState, why: string): void {
    const { account_id, version, status, account } = event;
    const row = {
      account_id,
      version,
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

  isBootstrapped(): boolean {
    return this.#database.prepare("select 1 from bootstrapped").get() !== undefined;
  }

  setBootstrapped(): void {
    this.#database.exec("insert into bootstrapped values (1)");
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
