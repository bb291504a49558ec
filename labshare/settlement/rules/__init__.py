"""The rules of documents and the ledger, pure (docs/rules.md, R-PAPER and R-RECOGNITION).

`documents`  what documents say of a booking's revenue, what no document may say, and the entries that a ledger lacks
`rows`       what each recording writes
"""
