"""Land the CRM exports of one business day in the lake.

**Makes** one commit of the `crm_*` tables (accounts, contacts, cases, survey responses, consent
and the others a mapping fills), and the asset `loyalty_lake_crm` for that day.

**Read by** `build_marts`, which starts when the shops' side of the same day is there too.

**When it is red**

- `wait_for_exports` says `SOURCE_LATE`: an export marked `expected: daily` had not arrived by
  06:00. Ask the source. The next day's run takes what arrives later.
- `stage_export` is red: the message names the file or the line of the mapping and what to do.
  Rows that do not fit are no reason to be red: `loyalty rejects` lists them.
- `commit_day` says `LOCKED`: another run writes the lake. It is tried again by itself.

Safe to run again: content that is already in the lake changes nothing.
"""

from airflow.sdk import DAG

from dags.landing_factory import landing_dag

land_crm: DAG = landing_dag("crm", doc_md=__doc__)
