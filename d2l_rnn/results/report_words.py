"""All fixed words of the report, in English and in Chinese: one table.

The Chinese terms are those of docs/zh/terms.md.
"""

from __future__ import annotations

from typing import Dict, Tuple

from .report_words_zh import REASONS, SUMMARIES, translated
from .what_it_shows import LANGUAGES

# key: English, Chinese; what stands in braces is put in
_TABLE: Dict[str, Tuple[str, str]] = {
    "title": ("Our runs beside the book’s", "我们的结果与书中的结果"),
    "intro": (
        "{count} of the recurrent chapters of Dive into Deep Learning.",
        "《动手学深度学习》循环神经网络各章的{count}。",
    ),
    "one run": ("1 run", " 1 次运行"),
    "runs": ("{number} runs", " {number} 次运行"),
    "judging": (
        "A published number is a distribution over the builds of the book; ours is "
        "reproduced when our seeds could be further draws from it (chance of a false "
        "alarm: at most 1 % per experiment).",
        "书中的数值是多次构建的一个分布；如果我们各个种子的结果看上去也是从这个分布中"
        "抽取的，就算复现（每个实验误报的可能性不超过 1 %）。",
    ),
    "reproduced": ("reproduced", "已复现"),
    "differs": ("differs", "有差异"),
    "not comparable": ("not comparable", "不可比"),
    "not in the book": ("not in the book", "书中没有"),
    "count": ("{number} {verdict}", "{verdict} {number}"),
    # the table of verdicts
    "experiment": ("experiment", "实验"),
    "curve": ("curve", "曲线"),
    "book": ("book", "书中"),
    "ours": ("ours", "我们的"),
    "seeds": ("seeds", "种子数"),
    "verdict": ("verdict", "结论"),
    "tokens/sec": ("tokens/sec", "词元/秒"),
    "minutes": ("minutes", "分钟"),
    # where the book has it
    "8": ("8 Recurrent neural networks", "8 循环神经网络"),
    "9": ("9 Modern recurrent neural networks", "9 现代循环神经网络"),
    "10": ("10 Attention mechanisms", "10 注意力机制"),
    "1.0": ("Edition 1.0", "英文 1.0 版"),
    "zh v1": ("First Chinese edition", "中文第一版"),
    "none": ("Other experiments", "其他实验"),
    "section": ("Section {section}: {summary}", "第 {section} 节：{summary}"),
    "published": ("Published ({label}): {meaning}", "书中的数值（{label}）：{meaning}"),
    "label": (
        "d2l {edition}, section {section}, {framework}",
        "{edition} 版第 {section} 节，{framework}",
    ),
    # curves
    "epoch": ("epoch", "迭代周期"),
    "log": ("{metric} (log scale)", "{metric}（对数刻度）"),
    "perplexity": ("perplexity", "困惑度"),
    "heldout_perplexity": ("validation perplexity", "验证困惑度"),
    "loss_over_num_steps": ("loss per token / num_steps", "每词元损失 / num_steps"),
    "loss": ("loss", "损失"),
    "curve of": (
        "training curve of {experiment} against the epoch",
        "{experiment} 的训练曲线，横轴为迭代周期",
    ),
    "mean": ("ours, mean of {number} seeds", "我们的，{number} 个种子的平均"),
    "spread": ("range of our seeds", "我们各个种子的范围"),
    "median": ("median of {number} builds", "{number} 次构建的中位数"),
    "builds": ("range of the builds", "各次构建的范围"),
    "enlarge": ("enlarge", "放大"),
    "back": ("back to the page", "返回页面"),
    # settings side by side
    "settings": ("{experiment}: settings compared", "{experiment}：不同设置的对比"),
    "curves of": (
        "training curves of {experiment} by its settings",
        "{experiment} 各种设置的训练曲线",
    ),
    "source": ("source", "数据"),
    "weights": ("initial weights", "初始权重"),
    "defaults": ("the experiment’s own settings", "实验自己的设置"),
    # what was made on the way
    "samples": ("While it learned, seed {seed}", "学习过程中，种子 {seed}"),
    "after epoch": ("epoch {epoch}", "迭代周期 {epoch}"),
    "drawn": ("drawn after epoch {epoch}", "迭代周期 {epoch} 之后画出的"),
    "samples not shown": (
        "Seed {seed}, samples not shown: {reason}.",
        "种子 {seed}，没有显示学习过程：{reason}。",
    ),
    # of a section
    "texts": ("Generated text", "生成的文本"),
    "seed": ("seed {seeds}", "种子 {seeds}"),
    "several seeds": ("seeds {seeds}", "种子 {seeds}"),
    "text in the book": (
        "the book, {builds} of {of} builds",
        "书中，{of} 次构建中有 {builds} 次",
    ),
    "pictures": ("Pictures", "图"),
    "picture": ("{name}, seed {seed}", "{name}，种子 {seed}"),
    "not shown": (
        "Seed {seed}, not shown: {reason}.",
        "种子 {seed}，没有显示：{reason}。",
    ),
    "commands": ("Commands", "命令"),
    "to the page": (
        "The trained networks at work: type, and look inside",
        "运行中的网络：输入文字，看看里面",
    ),
    "make a page": (
        "To type with a trained network and look inside it: d2l-rnn page RUN",
        "想和训练好的网络一起写字并看看里面：d2l-rnn page 运行目录",
    ),
    "mixed": ("Seed {seed}, {starts}.", "种子 {seed}，{starts}。"),
    "details": ("Hyperparameters and environment", "超参数和运行环境"),
    "hyperparameters": ("Hyperparameters", "超参数"),
    "environment": ("Environment", "运行环境"),
    "not verified": ("Environment (not verified)", "运行环境（未经核对）"),
}

_MEANINGS = {
    "perplexity": "最后一个迭代周期的训练困惑度，即 exp(交叉熵之和 / 词元数)；"
    "没有验证集",
    "heldout_perplexity": "最后一个迭代周期的验证困惑度 exp(损失)，从图上读出",
    "loss_over_num_steps": "最后一个迭代周期的训练损失：掩蔽后的交叉熵先对 "
    "num_steps = 10 个位置取平均，再除以有效的目标词元数，所以是每词元损失的十分之一",
    "loss": "最后一个迭代周期的训练损失，即单步误差平方的一半",
}


class Words:
    """The words of one language.

    Parameters
    ----------
    language : {'en', 'zh'}
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **inserted: object) -> str:
        """The words of a key, with what is put in."""
        return _TABLE[key][self._column].format(**inserted)

    def reason(self, english: str, separator: str = "; ") -> str:
        """The figures behind a verdict, or why there is none."""
        if self.language == "en":
            return english
        between = {"; ": "；", ", ": "，"}[separator]
        return between.join(
            translated(part, REASONS) for part in english.split(separator)
        )

    def summary(self, experiment: str, english: str) -> str:
        """What an experiment is; in English where there are no other words for it."""
        return english if self.language == "en" else SUMMARIES.get(experiment, english)

    def meaning(self, metric: str, english: str) -> str:
        """What a published number means."""
        return english if self.language == "en" else _MEANINGS.get(metric, english)
