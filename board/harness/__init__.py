"""The parts of board.py, one per thing that a board is made of."""
# SPDX-License-Identifier: Apache-2.0
