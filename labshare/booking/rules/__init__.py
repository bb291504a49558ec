"""The rules of time, price and lifecycle: pure functions over frozen values (contract section 5).

`time`       working days, opening intervals, the rules a start must keep, where work and holding end
`price`      quantity, runs, work minutes, price, cancellation fee
`slots`      what is free: starts to choose from, the earliest one, alternatives, availability
`lifecycle`  the one table of states and steps, and the deadlines of requests and proposals
"""
