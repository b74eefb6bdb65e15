"""Exports of shop systems: orders, their items, customers.

`sheets` finds out which file is which, `orders` turns rows into paid orders, `items` adds the
lines, `buyers` says who bought; `taobao` and `youzan` name columns, status words and rules.
"""
