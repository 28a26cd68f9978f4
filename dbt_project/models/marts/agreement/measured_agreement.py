"""Alpha, AC1 and their intervals from the counts of reading_confusion: the bootstrap is numpy's, not SQL's."""


def model(dbt, session):
    from orchestration.readings.agreement import measure

    years = "select substr(quarter, 1, 4) from made_again"
    dbt.ref("cocad_reach").create_view("made_again")
    cells = dbt.ref("reading_confusion").filter(f"substr(period, 1, 4) in ({years})").fetchall()
    policy = dict(dbt.ref("agreement_policy").select("setting, value").fetchall())
    return measure(cells, policy)
